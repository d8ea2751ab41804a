"""The stages that recipes are made of; each module imports what it needs when a stage runs."""
