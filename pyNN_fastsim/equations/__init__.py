"""Models from equations: texts in, cell types and synapse types out."""
