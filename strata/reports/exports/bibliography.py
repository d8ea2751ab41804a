"""BibTeX of the papers that the recipes implement."""

from collections.abc import Iterable

#: For each of the package's recipes, the papers cited in its docstring.
SOURCES = {
    "bovw": ("csurka2004visual", "lazebnik2006beyond"),
    "vlad": ("jegou2010aggregating",),
    "fisher": ("perronnin2010improving", "sanchez2012modeling"),
    "fisher_color": ("perronnin2010improving", "vandesande2010evaluating"),
    "gist": ("oliva2001modeling", "williams2000using"),
    "tinynet": ("lorente2021image",),
    "cnn": ("lorente2021image",),
    "mlp": ("rumelhart1986learning",),
    "patch_mlp": ("lorente2021image",),
    "deep_svm": ("lorente2021image",),
    "patch_words": ("lorente2021image",),
    "deep_features": ("razavian2014cnn",),
    "inception": ("szegedy2016rethinking",),
    "fine_tuned": ("yosinski2014how",),
    "fusion": ("kittler1998combining", "wolpert1992stacked"),
    "early_fusion": ("snoek2005early",),
    "distilled": ("hinton2015distilling",),
    "transferred": ("yosinski2014transferable",),
}

_ENTRIES = """\
@inproceedings{csurka2004visual,
  author    = {Csurka, Gabriella and Dance, Christopher R. and Fan, Lixin and Willamowski, Jutta
               and Bray, C{\\'e}dric},
  title     = {Visual Categorization with Bags of Keypoints},
  booktitle = {ECCV Workshop on Statistical Learning in Computer Vision},
  pages     = {1--22},
  year      = {2004}
}

@inproceedings{lazebnik2006beyond,
  author    = {Lazebnik, Svetlana and Schmid, Cordelia and Ponce, Jean},
  title     = {Beyond Bags of Features: Spatial Pyramid Matching for Recognizing Natural Scene
               Categories},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  pages     = {2169--2178},
  year      = {2006}
}

@inproceedings{jegou2010aggregating,
  author    = {J{\\'e}gou, Herv{\\'e} and Douze, Matthijs and Schmid, Cordelia
               and P{\\'e}rez, Patrick},
  title     = {Aggregating Local Descriptors into a Compact Image Representation},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  pages     = {3304--3311},
  year      = {2010}
}

@inproceedings{perronnin2010improving,
  author    = {Perronnin, Florent and S{\\'a}nchez, Jorge and Mensink, Thomas},
  title     = {Improving the {F}isher Kernel for Large-Scale Image Classification},
  booktitle = {European Conference on Computer Vision (ECCV)},
  pages     = {143--156},
  year      = {2010}
}

@article{sanchez2012modeling,
  author  = {S{\\'a}nchez, Jorge and Perronnin, Florent and de Campos, Te{\\'o}filo},
  title   = {Modeling the Spatial Layout of Images beyond Spatial Pyramids},
  journal = {Pattern Recognition Letters},
  volume  = {33},
  number  = {16},
  pages   = {2216--2223},
  year    = {2012}
}

@article{vandesande2010evaluating,
  author  = {van de Sande, Koen E. A. and Gevers, Theo and Snoek, Cees G. M.},
  title   = {Evaluating Color Descriptors for Object and Scene Recognition},
  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence},
  volume  = {32},
  number  = {9},
  pages   = {1582--1596},
  year    = {2010}
}

@article{oliva2001modeling,
  author  = {Oliva, Aude and Torralba, Antonio},
  title   = {Modeling the Shape of the Scene: A Holistic Representation of the Spatial Envelope},
  journal = {International Journal of Computer Vision},
  volume  = {42},
  number  = {3},
  pages   = {145--175},
  year    = {2001}
}

@inproceedings{williams2000using,
  author    = {Williams, Christopher K. I. and Seeger, Matthias},
  title     = {Using the {N}ystr{\\"o}m Method to Speed Up Kernel Machines},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {13},
  pages     = {682--688},
  year      = {2000}
}

@article{lorente2021image,
  author  = {Lorente, {\\`O}scar and Riera, Ian and Rana, Aditya},
  title   = {Image Classification with Classic and Deep Learning Techniques},
  journal = {arXiv preprint arXiv:2105.04895},
  year    = {2021}
}

@article{rumelhart1986learning,
  author  = {Rumelhart, David E. and Hinton, Geoffrey E. and Williams, Ronald J.},
  title   = {Learning Representations by Back-Propagating Errors},
  journal = {Nature},
  volume  = {323},
  pages   = {533--536},
  year    = {1986}
}

@inproceedings{razavian2014cnn,
  author    = {Razavian, Ali Sharif and Azizpour, Hossein and Sullivan, Josephine and Carlsson,
               Stefan},
  title     = {{CNN} Features Off-the-Shelf: An Astounding Baseline for Recognition},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR) Workshops},
  pages     = {512--519},
  year      = {2014}
}

@inproceedings{szegedy2016rethinking,
  author    = {Szegedy, Christian and Vanhoucke, Vincent and Ioffe, Sergey and Shlens, Jon and
               Wojna, Zbigniew},
  title     = {Rethinking the {I}nception Architecture for Computer Vision},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition (CVPR)},
  pages     = {2818--2826},
  year      = {2016}
}

@inproceedings{yosinski2014how,
  author    = {Yosinski, Jason and Clune, Jeff and Bengio, Yoshua and Lipson, Hod},
  title     = {How Transferable Are Features in Deep Neural Networks?},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {27},
  pages     = {3320--3328},
  year      = {2014}
}

@article{kittler1998combining,
  author  = {Kittler, Josef and Hatef, Mohamad and Duin, Robert P. W. and Matas, Jiri},
  title   = {On Combining Classifiers},
  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence},
  volume  = {20},
  number  = {3},
  pages   = {226--239},
  year    = {1998}
}

@article{wolpert1992stacked,
  author  = {Wolpert, David H.},
  title   = {Stacked Generalization},
  journal = {Neural Networks},
  volume  = {5},
  number  = {2},
  pages   = {241--259},
  year    = {1992}
}

@inproceedings{snoek2005early,
  author    = {Snoek, Cees G. M. and Worring, Marcel and Smeulders, Arnold W. M.},
  title     = {Early versus Late Fusion in Semantic Video Analysis},
  booktitle = {ACM International Conference on Multimedia},
  pages     = {399--402},
  year      = {2005}
}

@article{hinton2015distilling,
  author  = {Hinton, Geoffrey and Vinyals, Oriol and Dean, Jeff},
  title   = {Distilling the Knowledge in a Neural Network},
  journal = {arXiv preprint arXiv:1503.02531},
  year    = {2015}
}

@inproceedings{yosinski2014transferable,
  author    = {Yosinski, Jason and Clune, Jeff and Bengio, Yoshua and Lipson, Hod},
  title     = {How Transferable Are Features in Deep Neural Networks?},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {27},
  pages     = {3320--3328},
  year      = {2014}
}
"""

#: BibTeX by its key.
ENTRIES = {
    entry.partition("{")[2].partition(",")[0]: entry.strip() for entry in _ENTRIES.split("\n\n")
}


def papers(recipes: Iterable[str]) -> str:
    """BibTeX of the papers behind some recipes, each once; recipes of users have none."""
    keys = dict.fromkeys(key for recipe in recipes for key in SOURCES.get(recipe, ()))
    return "\n\n".join(ENTRIES[key] for key in keys)
