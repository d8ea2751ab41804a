# Checks
from .checks.base import Check as Check
from .checks.base import CheckResult as CheckResult
from .checks.base import NotApplicable as NotApplicable
from .checks.base import Observation as Observation
from .checks.base import check as check
from .checks.base import run_checks as run_checks

# Comparison of methods
from .comparison.evaluation import Evaluation as Evaluation
from .comparison.evaluation import ProbabilisticMetrics as ProbabilisticMetrics
from .comparison.evaluation import evaluate as evaluate
from .comparison.hardest_images import ImagePrediction as ImagePrediction
from .comparison.hardest_images import most_confident_correct as most_confident_correct
from .comparison.hardest_images import most_confident_errors as most_confident_errors
from .comparison.hardest_images import smallest_margins as smallest_margins
from .comparison.hardest_images import top_image_per_class as top_image_per_class
from .comparison.pairs import Pair as Pair
from .comparison.pairs import difference_interval as difference_interval
from .comparison.pairs import pairwise_tests as pairwise_tests
from .comparison.ranking import RankedMethod as RankedMethod
from .comparison.ranking import Ranking as Ranking
from .comparison.ranking import rank as rank
from .comparison.searches import importance as importance
from .comparison.shared_errors import JointPredictions as JointPredictions
from .comparison.shared_errors import agreement as agreement
from .comparison.shared_errors import error_overlap as error_overlap
from .comparison.shared_errors import joint_predictions as joint_predictions
from .comparison.shared_errors import missed_by_all as missed_by_all
from .comparison.shared_errors import oracle_accuracy as oracle_accuracy
from .comparison.sweeps import Sweep as Sweep
from .comparison.sweeps import SweepGrid as SweepGrid
from .comparison.sweeps import sweep_grids as sweep_grids
from .comparison.sweeps import sweeps as sweeps

# Exports
from .exports.compare_runs import Changes as Changes
from .exports.compare_runs import MethodChange as MethodChange
from .exports.compare_runs import compare as compare
from .exports.methods_paragraph import paragraph as paragraph
from .exports.methods_paragraph import references as references
from .exports.paper_tables import latex_table as latex_table
from .exports.paper_tables import markdown_table as markdown_table
from .exports.read_results import read_results as read_results
from .exports.results_json import json_text as json_text
from .exports.tables import Table as Table
from .exports.tables import csv_text as csv_text
from .exports.tables import flat_rows as flat_rows
from .exports.tables import ranking_table as ranking_table
from .exports.tables import terminal_table as terminal_table

# Input of a report
from .model.pretrained import PretrainedNetwork as PretrainedNetwork
from .model.results import Comparison as Comparison
from .model.results import Cost as Cost
from .model.results import DataSummary as DataSummary
from .model.results import LayerRow as LayerRow
from .model.results import MethodResult as MethodResult
from .model.results import RunInfo as RunInfo
from .model.results import SearchedParameter as SearchedParameter
from .model.results import SearchResult as SearchResult
from .model.results import StageRow as StageRow
from .model.scores import Scores as Scores
from .model.visualizations import Panel as Panel
from .model.visualizations import PanelRow as PanelRow
from .model.visualizations import Visualization as Visualization

# Metrics, intervals, significance tests
from .statistics.bootstrap import bootstrap_interval as bootstrap_interval
from .statistics.bootstrap import correct_by_fold as correct_by_fold
from .statistics.calibration import Reliability as Reliability
from .statistics.calibration import brier_score as brier_score
from .statistics.calibration import log_loss as log_loss
from .statistics.calibration import reliability as reliability
from .statistics.folds import FoldTable as FoldTable
from .statistics.folds import OutlyingFold as OutlyingFold
from .statistics.folds import VarianceComponents as VarianceComponents
from .statistics.folds import fold_table as fold_table
from .statistics.folds import outlying_folds as outlying_folds
from .statistics.folds import variance_components as variance_components
from .statistics.gradient_flow import GradientFlow as GradientFlow
from .statistics.gradient_flow import gradient_flow as gradient_flow
from .statistics.intervals import Interval as Interval
from .statistics.intervals import corrected_mean_interval as corrected_mean_interval
from .statistics.intervals import corrected_variance as corrected_variance
from .statistics.intervals import wilson_interval as wilson_interval
from .statistics.learning_speed import LearningSpeed as LearningSpeed
from .statistics.learning_speed import learning_speed as learning_speed
from .statistics.metrics import ClassMetrics as ClassMetrics
from .statistics.metrics import balanced_accuracy as balanced_accuracy
from .statistics.metrics import class_metrics as class_metrics
from .statistics.metrics import confusion_matrix as confusion_matrix
from .statistics.metrics import macro_f1 as macro_f1
from .statistics.metrics import majority_baseline as majority_baseline
from .statistics.metrics import top_confusions as top_confusions
from .statistics.metrics import top_k_accuracy as top_k_accuracy
from .statistics.roc import RocSummary as RocSummary
from .statistics.roc import auc as auc
from .statistics.roc import roc_curve as roc_curve
from .statistics.roc import roc_summary as roc_summary
from .statistics.significance import SignificanceResult as SignificanceResult
from .statistics.significance import corrected_t_test as corrected_t_test
from .statistics.significance import holm as holm
from .statistics.significance import holm_levels as holm_levels
from .statistics.significance import mcnemar_test as mcnemar_test

# Summary
from .summary.analysis import Analysis as Analysis
from .summary.analysis import analyze as analyze
from .summary.verdict import Verdict as Verdict
from .summary.verdict import verdict as verdict

# Writer
from .writer import ReportFiles as ReportFiles
from .writer import write_report as write_report
