"""From a trained network to the int8 file that ships, and the proof of what that cost. Needs TensorFlow to convert."""
