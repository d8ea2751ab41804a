# classifiers: of vectors
# architectures: networks described as data
from .architectures.architecture import Architecture as Architecture
from .architectures.builder import Network as Network
from .architectures.builder import build as build
from .architectures.flops import LayerCost as LayerCost
from .architectures.flops import cost_table as cost_table
from .classifiers.decision_scores import class_scores as class_scores
from .classifiers.decision_scores import scores_and_probabilities as scores_and_probabilities
from .classifiers.kernel_svm import KernelSVM as KernelSVM
from .classifiers.kernel_weights import KernelWeights as KernelWeights
from .classifiers.kernel_weights import fit_kernel_weights as fit_kernel_weights
from .classifiers.linear_svm import LinearSVM as LinearSVM
from .classifiers.logistic import CalibratedLogistic as CalibratedLogistic
from .classifiers.mlp import CalibratedMLP as CalibratedMLP
from .classifiers.multinomial import fit_logistic as fit_logistic
from .classifiers.score_fusion import ScoreFusion as ScoreFusion
from .classifiers.smoothed_knn import SmoothedKNN as SmoothedKNN
from .classifiers.training_shares import neighbor_shares as neighbor_shares
from .classifiers.training_shares import support_terms as support_terms

# estimators: networks as scikit-learn classifiers and transformers
from .estimators.fine_tuned_classifier import FineTunedClassifier as FineTunedClassifier
from .estimators.grad_cam import grad_cam as grad_cam
from .estimators.hidden_features import HiddenFeatures as HiddenFeatures
from .estimators.hidden_features import LayerReader as LayerReader
from .estimators.network_classifier import NetworkClassifier as NetworkClassifier

# runtime
from .runtime.devices import choose_device as choose_device

# training
from .training.augment_config import Augmentation as Augmentation
from .training.batches import Images as Images
from .training.config import TrainingConfig as TrainingConfig
from .training.inference import predict as predict
from .training.lr_finder import LRCurve as LRCurve
from .training.lr_finder import find_lr as find_lr
from .training.resize import resize_image as resize_image
from .training.resize import resize_images as resize_images
from .training.trainer import Training as Training

# transfer: pretrained networks
from .transfer.backbone_features import BackboneFeatures as BackboneFeatures
from .transfer.finetuning.boundary import boundary_activations as boundary_activations
from .transfer.finetuning.finetune_layers import finetune_layers as finetune_layers
from .transfer.finetuning.finetune_module import FineTuneModule as FineTuneModule
from .transfer.frozen_backbone import FrozenBackbone as FrozenBackbone
from .transfer.last_nodes import last_nodes as last_nodes
from .transfer.subgraph import extract_subgraph as extract_subgraph
from .transfer.subgraph import node_names as node_names
from .transfer.subgraph_flops import SubgraphCost as SubgraphCost
from .transfer.subgraph_flops import subgraph_cost as subgraph_cost
from .transfer.weights import obtain_weights as obtain_weights
from .transfer.weights import read_weights as read_weights
