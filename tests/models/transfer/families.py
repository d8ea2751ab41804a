"""Small networks of the families of torchvision and timm."""

#: One of each family of torchvision's classification networks.
TORCHVISION = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "googlenet",
    "inception_v3", "maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small",
    "regnet_y_400mf", "resnet18", "shufflenet_v2_x0_5", "squeezenet1_1", "swin_t", "swin_v2_t",
    "vgg11", "vit_b_32",
)  # fmt: skip

#: Those among them that are not run: their widths on the meta device have to do.
LARGE = (
    "alexnet", "convnext_tiny", "densenet121", "inception_v3", "maxvit_t", "regnet_y_400mf",
    "swin_v2_t", "vgg11", "vit_b_32",
)  # fmt: skip
