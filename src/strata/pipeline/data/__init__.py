"""From a folder of images to folds: sources, the image reader, manifest, copies, audit, splits."""
