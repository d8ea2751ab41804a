from .estimators.grad_cam import grad_cam as grad_cam
from .estimators.hidden_features import HiddenFeatures as HiddenFeatures
from .estimators.network_classifier import NetworkClassifier as NetworkClassifier
from .training.resize import resize_image as resize_image
from .training.resize import resize_images as resize_images
