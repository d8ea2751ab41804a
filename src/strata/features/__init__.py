"""From images to descriptors to one vector an image: descriptors, codebooks, encodings, kernels."""
