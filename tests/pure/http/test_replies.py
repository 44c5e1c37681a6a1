import json

import pytest

from resizer import errors
from resizer.http.replies import kind, problem

TABLE = {
    errors.InvalidRequest: 400,
    errors.SignatureMismatch: 403,
    errors.SourceNotFound: 404,
    errors.OverlayNotFound: 404,
    errors.RouteNotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.SignatureExpired: 410,
    errors.UnprocessableSource: 422,
    errors.RenderTimeout: 422,
    errors.ResizerError: 500,
    errors.SourceUnavailable: 502,
    errors.Overloaded: 503,
    errors.SourceTimeout: 504,
}


@pytest.mark.parametrize(("error", "status"), TABLE.items())
def test_every_error_is_a_problem_with_its_status(
    error: type[errors.ResizerError], status: int
) -> None:
    reply = problem(error("what was wrong"), "id-1", 10)
    members = json.loads(reply.body)
    assert reply.status == members["status"] == status
    assert members["type"] == f"urn:resizer:problem:{kind(error(''))}"
    assert members["detail"] == "what was wrong"
    assert members["instance"] == "urn:resizer:request:id-1"
    assert dict(reply.headers)[b"content-type"] == b"application/problem+json"


def test_the_table_is_whole() -> None:
    shown = {c for c in vars(errors).values() if isinstance(c, type) and "status" in vars(c)}
    assert shown == set(TABLE)


def test_a_problem_is_cached_briefly_and_a_failure_for_a_second() -> None:
    assert dict(problem(errors.SourceNotFound(), "i", 10).headers)[b"cache-control"] == (
        b"public, max-age=10"
    )
    assert dict(problem(errors.Overloaded(), "i", 10).headers)[b"cache-control"] == (
        b"public, max-age=1"
    )


def test_an_invalid_request_names_the_option_and_what_it_accepts() -> None:
    error = errors.InvalidRequest("fit is wrong", option="fit", accepted="cover, pad")
    members = json.loads(problem(error, "i", 10).body)
    assert (members["option"], members["accepted"]) == ("fit", "cover, pad")


def test_overload_says_when_to_come_back_and_a_wrong_method_which_are_right() -> None:
    assert dict(problem(errors.Overloaded(), "i", 10).headers)[b"retry-after"] == b"1"
    assert dict(problem(errors.MethodNotAllowed(), "i", 1).headers)[b"allow"] == (
        b"GET, HEAD, OPTIONS"
    )


def test_an_error_without_words_still_says_something() -> None:
    assert json.loads(problem(errors.SourceNotFound(), "i", 10).body)["detail"]
