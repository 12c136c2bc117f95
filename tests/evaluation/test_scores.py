"""Scores."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from skchromo.evaluation import pearson_r, pearson_scorer


def test_pearson_follows_its_definition_and_scores():
    rng = np.random.default_rng(0)
    X, noise = rng.normal(size=(60, 3)), rng.normal(size=60)
    y = X[:, 0] + noise
    assert pearson_r(y, X[:, 0]) == pytest.approx(np.corrcoef(y, X[:, 0])[0, 1])
    assert pearson_r(y, 3 - 2 * y) == pytest.approx(-1)
    model = Ridge().fit(X, y)
    assert pearson_scorer(model, X, y) == pytest.approx(pearson_r(y, model.predict(X)))
    scores = cross_val_score(Ridge(), X, y, scoring=pearson_scorer)
    assert (scores > 0).all()
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1e6]}, scoring=pearson_scorer, n_jobs=2)
    assert np.isfinite(search.fit(X, y).best_score_)
    with pytest.raises(ValueError, match="inconsistent"):
        pearson_r([1.0, 2.0], [1.0])
