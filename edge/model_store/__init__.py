"""Model updates: a signed bundle is checked, tried on this device, switched to, and taken back where it does no good.

`bundle.md` in docs/ tells the owner's side. The folder's layout is in `edge.emotion.updates`, which the daemon reads.
"""
