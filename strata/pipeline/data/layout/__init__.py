"""Folder layouts and CSV files of labels: the images of a folder, each with class and split.

`tree` lists a folder, `split_folders` finds train/, val/ and test/ among its folders,
`class_folders` reads classes off the names of folders, `split_csv` and `csv_matching` off a CSV
file. Imports nothing else of the pipeline. Start with `class_folders.py:read_class_folders`.
"""

from strata.pipeline.data.layout.class_folders import ClassFolders, read_class_folders
from strata.pipeline.data.layout.names import normalized_name
from strata.pipeline.data.layout.tree import SourceFile, Tree, is_junk, walk

__all__ = [
    "ClassFolders",
    "SourceFile",
    "Tree",
    "is_junk",
    "normalized_name",
    "read_class_folders",
    "walk",
]
