"""Methods paragraph for a paper: how the methods were compared, with BibTeX references."""

from strata.reports.comparison.ranking import Ranking
from strata.reports.exports.paper_tables import latex_escaped, repeated
from strata.reports.exports.pretrained_text import trained_on
from strata.reports.formatting import listing, number_of

_REFERENCES = {
    "nadeau2003inference": """@article{nadeau2003inference,
  author  = {Nadeau, Claude and Bengio, Yoshua},
  title   = {Inference for the Generalization Error},
  journal = {Machine Learning},
  volume  = {52},
  pages   = {239--281},
  year    = {2003}
}""",
    "wilson1927probable": """@article{wilson1927probable,
  author  = {Wilson, Edwin B.},
  title   = {Probable Inference, the Law of Succession, and Statistical Inference},
  journal = {Journal of the American Statistical Association},
  volume  = {22},
  pages   = {209--212},
  year    = {1927}
}""",
    "efron1993introduction": """@book{efron1993introduction,
  author    = {Efron, Bradley and Tibshirani, Robert J.},
  title     = {An Introduction to the Bootstrap},
  publisher = {Chapman and Hall},
  year      = {1993}
}""",
    "mcnemar1947note": """@article{mcnemar1947note,
  author  = {McNemar, Quinn},
  title   = {Note on the Sampling Error of the Difference between Correlated Proportions or
             Percentages},
  journal = {Psychometrika},
  volume  = {12},
  pages   = {153--157},
  year    = {1947}
}""",
    "holm1979simple": """@article{holm1979simple,
  author  = {Holm, Sture},
  title   = {A Simple Sequentially Rejective Multiple Test Procedure},
  journal = {Scandinavian Journal of Statistics},
  volume  = {6},
  pages   = {65--70},
  year    = {1979}
}""",
    "bergstra2012random": """@article{bergstra2012random,
  author  = {Bergstra, James and Bengio, Yoshua},
  title   = {Random Search for Hyper-Parameter Optimization},
  journal = {Journal of Machine Learning Research},
  volume  = {13},
  pages   = {281--305},
  year    = {2012}
}""",
}


def paragraph(ranking: Ranking) -> str:
    """Methods paragraph as LaTeX text that cites `references`."""
    data, run = ranking.comparison.data, ranking.comparison.run
    crossed, tested = ranking.on("cv"), ranking.on("test")
    compared = len(ranking.rows) > 1
    bootstrapped = ranking.comparison.intervals == "bootstrap"
    names = listing((row.method.name for row in ranking.rows), most=40)
    parts = [
        f"We compared {latex_escaped(names)} on "
        f"{latex_escaped(data.name)} ({number_of(len(data.classes), 'class', 'classes')})."
        if compared
        else ""
    ]
    if crossed:
        evaluation = next(iter(crossed.values()))
        parts.append(
            f"Accuracies are means over {run.folds}-fold cross-validation{repeated(evaluation)} on "
            f"{number_of(evaluation.images, 'image')}, with 95\\,\\% "
            + (
                "percentile bootstrap intervals over the images of each "
                "fold~\\cite{efron1993introduction}."
                if bootstrapped
                else "confidence intervals corrected for overlapping training "
                "sets~\\cite{nadeau2003inference}."
            )
        )
        if compared:
            cited = "~\\cite{nadeau2003inference}" if bootstrapped else ""
            parts.append(f"Differences were tested with the corrected resampled $t$-test{cited}.")
    if tested:
        images = next(iter(tested.values())).images
        parts.append(
            f"On {number_of(images, 'held-out test image')} we report 95\\,\\% "
            + (
                "percentile bootstrap intervals~\\cite{efron1993introduction}"
                if bootstrapped
                else "Wilson intervals~\\cite{wilson1927probable}"
            )
            + (
                " and test differences with McNemar's test~\\cite{mcnemar1947note}."
                if compared
                else "."
            )
        )
    if compared:
        parts.append(
            "$p$-values are adjusted over all pairs of methods by Holm's "
            "procedure~\\cite{holm1979simple}."
        )
    searched = [row.method.name for row in ranking.rows if row.method.search]
    if searched:
        parts.append(
            f"Parameters of {latex_escaped(listing(searched, most=40))} were chosen by random "
            "search~\\cite{bergstra2012random} on a validation set held out of the training "
            "images of each fold."
        )
    parts.append(_pretrained(ranking))
    return " ".join(part for part in parts if part)


def _pretrained(ranking: Ranking) -> str:
    """Sentence on the weights of pretrained networks and their training data; "" without any."""
    networks = [n for row in ranking.rows for n in row.method.pretrained if n.source != "own"]
    named = dict.fromkeys(
        f"{n.backbone if n.is_assumed else n.weights or n.backbone} ({trained_on(n)})"
        for n in networks
    )
    if not named:
        return ""
    told = latex_escaped(listing(named, most=40))
    return f"Pretrained weights, with the data that they were trained on, were {told}."


def references(text: str) -> str:
    """BibTeX of the references cited in a paragraph, in the order of citation."""
    cited = sorted((k for k in _REFERENCES if f"{{{k}}}" in text), key=text.index)
    return "\n\n".join(_REFERENCES[key] for key in cited)
