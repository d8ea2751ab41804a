from .classes import SCENES as SCENES
from .picture import draw as draw
from .write import write_scenes as write_scenes
