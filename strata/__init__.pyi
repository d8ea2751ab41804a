# comparing methods, and looking at images before
from .errors import InputError as InputError
from .errors import StrataError as StrataError
from .pipeline.api.audit import AuditResult as AuditResult
from .pipeline.api.audit import audit as audit
from .pipeline.api.compare import compare as compare
from .pipeline.api.comparison_result import ComparisonResult as ComparisonResult

# classifying with what was learned
from .pipeline.api.load import load as load
from .pipeline.prediction.model import Model as Model
from .pipeline.prediction.onnx.feeds import onnx_inputs as onnx_inputs

__version__: str
