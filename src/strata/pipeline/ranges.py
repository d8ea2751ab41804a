"""What numbers a parameter may take, said in its type."""

from typing import Annotated

from annotated_types import Ge, Gt

Count = Annotated[int, Ge(1)]
Whole = Annotated[int, Ge(0)]
Positive = Annotated[float, Gt(0)]
