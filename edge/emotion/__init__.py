"""What the trainer, the converter and the device must agree on: labels, crop, integer arithmetic, model card."""
