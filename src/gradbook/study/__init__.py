"""Training studies: what a choice in training does to a model, over several seeds."""
