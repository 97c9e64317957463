"""The written policies, which anybody may read and keep."""


def test_the_list_leads_to_every_clause_of_every_version_without_a_token(stack):
    listed = stack.get("/v1/policies")
    assert listed.status == 200, listed.body
    assert listed.headers["cache-control"] == "public, max-age=300"
    versions = [version for policy in listed.json["policies"] for version in policy["versions"]]
    assert versions
    for version in versions:
        shown = stack.get(version["href"])
        assert (shown.status, shown.json["hash"]) == (200, version["hash"]), shown.body
        assert shown.headers["cache-control"] == "public, max-age=300, immutable"
        assert shown.json["in_force_from"] == version["in_force_from"]
        assert all(clause["anchor"] == f"{version['href']}#{clause['id']}" for clause in shown.json["clauses"])


def test_a_caller_who_has_the_text_gets_304(stack):
    listed = stack.get("/v1/policies")
    again = stack.get("/v1/policies", headers={"if-none-match": listed.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == listed.headers["etag"]
    changed = stack.get("/v1/policies", headers={"if-none-match": '"another"'})
    assert (changed.status, changed.json) == (200, listed.json)


def test_a_version_that_is_not_there_is_not_found(stack):
    missing = stack.get("/v1/policies/music-studio/1999-01-01")
    assert (missing.status, missing.json["type"]) == (404, "urn:makegood:problem:not-found")
    assert missing.headers["cache-control"] == "no-store"
