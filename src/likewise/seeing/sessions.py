"""ONNX sessions of the seeing models: verified weights, few threads."""

from typing import Any

from likewise import weights


def session(name: str, threads: int) -> Any:
    """An onnxruntime session of a model in the catalogue.

    Args:
        name: Model in the catalogue.
        threads: Threads it may use; each model is small, one is usually best.

    Raises:
        MissingWeights: The model's file is missing or changed.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    path = weights.locate(name)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
