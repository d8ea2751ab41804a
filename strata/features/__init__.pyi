# codebooks: k-means, visual words, Gaussian mixtures, assignment
from .codebooks.assignment import nearest_words as nearest_words
from .codebooks.assignment import soft_assignment as soft_assignment
from .codebooks.descriptor_sampling import sample_descriptors as sample_descriptors
from .codebooks.descriptor_sampling import sample_local as sample_local
from .codebooks.gaussian_mixture import DiagonalGaussianMixture as DiagonalGaussianMixture
from .codebooks.kmeans import KMeansCodebook as KMeansCodebook
from .codebooks.visual_words import VisualWords as VisualWords

# descriptors: images to local descriptors, or to one vector (GIST)
from .descriptors.base import BaseDescriptor as BaseDescriptor
from .descriptors.color_spaces import color_channels as color_channels
from .descriptors.color_statistics import ColorStatistics as ColorStatistics
from .descriptors.contribution_map import cell_map as cell_map
from .descriptors.contribution_map import contribution_map as contribution_map
from .descriptors.daisy import DenseDAISY as DenseDAISY
from .descriptors.daisy import SparseDAISY as SparseDAISY
from .descriptors.dense_sift import DenseSIFT as DenseSIFT
from .descriptors.dense_sift import PaperDenseSIFT as PaperDenseSIFT
from .descriptors.dense_sift import dense_sift as dense_sift
from .descriptors.feature_map import feature_map_descriptors as feature_map_descriptors
from .descriptors.gist import GIST as GIST
from .descriptors.local_descriptors import LocalDescriptors as LocalDescriptors
from .descriptors.quantize import dequantize as dequantize
from .descriptors.quantize import quantize as quantize
from .descriptors.sampling_grid import inner_grids as inner_grids
from .descriptors.sampling_grid import paper_grids as paper_grids
from .descriptors.sparse_sift import SparseSIFT as SparseSIFT
from .descriptors.surf import DenseSURF as DenseSURF
from .descriptors.surf import SparseSURF as SparseSURF

# encodings: local descriptors to one vector per image
from .encodings.bag_of_words import BagOfWords as BagOfWords
from .encodings.base import BaseEncoder as BaseEncoder
from .encodings.contributions import descriptor_contributions as descriptor_contributions
from .encodings.fisher_vectors import FisherVectors as FisherVectors
from .encodings.fisher_vectors import fisher_vector as fisher_vector
from .encodings.spatial_pyramid import cell_of as cell_of
from .encodings.spatial_pyramid import pyramid as pyramid
from .encodings.vlad import VLAD as VLAD

# transforms: vectors to vectors, and kernels
from .transforms.block_weights import BlockWeights as BlockWeights
from .transforms.kernel_approximation import AdditiveKernelMap as AdditiveKernelMap
from .transforms.kernel_scores import kernel_score as kernel_score
from .transforms.kernels import chi2 as chi2
from .transforms.kernels import generalized_intersection as generalized_intersection
from .transforms.kernels import hellinger as hellinger
from .transforms.kernels import intersection as intersection
from .transforms.kernels import linear as linear
from .transforms.kernels import polynomial as polynomial
from .transforms.kernels import rbf as rbf
from .transforms.kernels import sigmoid as sigmoid
from .transforms.lda import LDA as LDA
from .transforms.linear_score import LinearScore as LinearScore
from .transforms.normalize import CenteredPower as CenteredPower
from .transforms.normalize import l1 as l1
from .transforms.normalize import l2 as l2
from .transforms.normalize import normalize as normalize
from .transforms.normalize import power as power
from .transforms.normalize import root_sift as root_sift
from .transforms.pull_back import pull_back as pull_back
