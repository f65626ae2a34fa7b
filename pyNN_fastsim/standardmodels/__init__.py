"""PyNN's standard models, each named with the engine's model that stands behind it."""
