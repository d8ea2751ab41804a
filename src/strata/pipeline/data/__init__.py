"""From a folder of images to a manifest: sources, the image reader, copies, audit."""
