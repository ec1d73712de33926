"""Build steps: one job each, `--help` on each that is run by hand."""
