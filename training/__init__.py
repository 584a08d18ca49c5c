"""The workstation's half: read faces, train a network, evaluate it. Keras 3; never imported by the device."""
