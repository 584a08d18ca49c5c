"""What `evaluate` and `compare` found, as tables, figures and pages."""
