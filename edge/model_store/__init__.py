"""Model updates: a signed bundle is checked, tried on this device, switched to, and taken back where it does no good.

The owner's side is in docs/model-updates.md. The folder's layout is in `edge.emotion.updates`, which the daemon reads.
"""
