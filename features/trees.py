"""scikit-learn's trees in XGBoost's form, so that one engine predicts and explains all of them.

XGBoost goes left where `x < threshold` with single-precision thresholds; scikit-learn where `x <= threshold` in double
precision on single-precision inputs. The translation takes, for each threshold, the next single-precision number
above it, so that no input can fall on the other side.
"""

from json import dumps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import xgboost
    from numpy.typing import NDArray


def booster_of(model: Any) -> "xgboost.Booster":
    """The XGBoost booster of an XGBClassifier, RandomForestClassifier or HistGradientBoostingClassifier.

    Its margin is log-odds for boosted trees and the share of votes for a forest.
    """
    name = type(model).__name__
    if name == "XGBClassifier":
        return model.get_booster()
    if name == "RandomForestClassifier":
        weight = 1.0 / len(model.estimators_)
        return _booster([_forest_tree(e.tree_, weight) for e in model.estimators_], model.n_features_in_, 0.0)
    if name == "HistGradientBoostingClassifier":
        trees = [_boosted_tree(stage[0].nodes) for stage in model._predictors]
        return _booster(trees, model.n_features_in_, float(model._baseline_prediction.ravel()[0]))
    raise TypeError(f"{name} is none of the candidates")


def _forest_tree(tree: Any, weight: float) -> dict[str, Any]:
    share = tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1)
    return _tree(
        left=tree.children_left,
        right=tree.children_right,
        feature=tree.feature,
        threshold=tree.threshold,
        default_left=tree.missing_go_to_left.astype(int),
        value=share * weight,
        cover=tree.weighted_n_node_samples,
    )


def _boosted_tree(nodes: Any) -> dict[str, Any]:
    leaf = nodes["is_leaf"].astype(bool)
    return _tree(
        left=nodes["left"].astype("int64") * ~leaf - leaf,
        right=nodes["right"].astype("int64") * ~leaf - leaf,
        feature=nodes["feature_idx"],
        threshold=nodes["num_threshold"],
        default_left=nodes["missing_go_to_left"].astype(int),
        value=nodes["value"],
        cover=nodes["count"],
    )


def _tree(
    left: "NDArray[Any]",
    right: "NDArray[Any]",
    feature: "NDArray[Any]",
    threshold: "NDArray[Any]",
    default_left: "NDArray[Any]",
    value: "NDArray[Any]",
    cover: "NDArray[Any]",
) -> dict[str, Any]:
    """One tree in the JSON of XGBoost's model file (its published schema, `doc/model.schema`).

    Nodes are renumbered breadth first, because XGBoost finds a right child beside its left one.
    """
    import numpy as np

    order = _breadth_first(left, right)
    place = np.empty(len(left), dtype=np.int64)
    place[order] = np.arange(len(order))
    left, right = (np.where(child[order] < 0, -1, place[child[order]]) for child in (left, right))
    feature, threshold, default_left = feature[order], threshold[order], default_left[order]
    value, cover = value[order], cover[order]
    size, leaf = len(left), left < 0
    parents = np.full(size, 2147483647)
    parents[left[~leaf]] = np.flatnonzero(~leaf)
    parents[right[~leaf]] = np.flatnonzero(~leaf)
    conditions = np.where(leaf, value, _strictly_above(threshold))
    return {
        "base_weights": np.asarray(value, dtype=float).tolist(),
        "categories": [],
        "categories_nodes": [],
        "categories_segments": [],
        "categories_sizes": [],
        "default_left": np.where(leaf, 0, default_left).astype(int).tolist(),
        "id": 0,
        "left_children": np.where(leaf, -1, left).astype(int).tolist(),
        "loss_changes": [0.0] * size,
        "parents": parents.tolist(),
        "right_children": np.where(leaf, -1, right).astype(int).tolist(),
        "split_conditions": np.asarray(conditions, dtype=float).tolist(),
        "split_indices": np.where(leaf, 0, feature).astype(int).tolist(),
        "split_type": [0] * size,
        "sum_hessian": np.asarray(cover, dtype=float).tolist(),
        "tree_param": {"num_deleted": "0", "num_feature": "0", "num_nodes": str(size), "size_leaf_vector": "1"},
    }


def _breadth_first(left: "NDArray[Any]", right: "NDArray[Any]") -> list[int]:
    order = [0]
    for node in order:
        if left[node] >= 0:
            order += [int(left[node]), int(right[node])]
    return order


def _strictly_above(threshold: "NDArray[Any]") -> "NDArray[np.float32]":
    import numpy as np

    single = np.clip(threshold, np.finfo(np.float32).min, np.finfo(np.float32).max).astype(np.float32)
    at_most = np.where(single.astype(np.float64) <= threshold, single, np.nextafter(single, np.float32(-np.inf)))
    with np.errstate(over="ignore"):  # the largest threshold means "all that is known goes left"
        return np.asarray(np.nextafter(at_most, np.float32(np.inf)), dtype=np.float32)


def _booster(trees: list[dict[str, Any]], features: int, base: float) -> "xgboost.Booster":
    import xgboost

    for at, tree in enumerate(trees):
        tree["id"] = at
        tree["tree_param"]["num_feature"] = str(features)
    model = {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {
                "model": {
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(len(trees))},
                    "iteration_indptr": list(range(len(trees) + 1)),
                    "tree_info": [0] * len(trees),
                    "trees": trees,
                },
                "name": "gbtree",
            },
            "learner_model_param": {
                "base_score": f"[{base:.9E}]",
                "boost_from_average": "0",
                "num_class": "0",
                "num_feature": str(features),
                "num_target": "1",
            },
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        },
        "version": list(map(int, xgboost.__version__.split(".")[:3])),
    }
    booster = xgboost.Booster()
    booster.load_model(bytearray(dumps(model), "utf-8"))
    return booster
