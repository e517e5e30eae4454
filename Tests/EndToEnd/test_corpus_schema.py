"""The JSON Schema of rule files, profiles and corpus.yaml: the shipped corpus meets it, and it refuses what the loader refuses."""

import json
import pathlib

import jsonschema
import pytest
import yaml

from processes import ROOT
from test_command import sluice

CORPUS = pathlib.Path(ROOT) / "corpus"
RULE = {"id": "a-rule", "entity": "AN_ENTITY", "pattern": "ab+"}
PROFILE = {"name": "default", "include": ["*"]}
# What commands do is written in another form: see docs/OPERATIONS.md.
SHIPPED = sorted(file for file in CORPUS.rglob("*.yaml") if file.relative_to(CORPUS).parts[0] != "operations")


class Loader(yaml.SafeLoader):
    """YAML's core schema, as the program reads it."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def validator(kind):
    schema = json.loads(sluice("corpus", "schema", kind).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: str(file.relative_to(CORPUS)))
def test_the_shipped_corpus_meets_the_schema(file):
    kind = "profile" if file.parent.name == "profiles" else "rules"
    errors = list(validator(kind).iter_errors(yaml.load(file.read_text(), Loader=Loader)))
    assert not errors, [f"{error.json_path}: {error.message}" for error in errors]


@pytest.mark.parametrize("change, accepted", [
    ({}, True),
    ({"checks": ["luhn", {"entropy": 3.5}]}, True),
    ({"action": {"mask": {"keep_last": 4, "fill": "#"}}, "priority": -1000}, True),
    ({"action": {"redact": {"label": "x"}}, "context": {"words": ["card"], "within": 100}}, True),
    ({"action": "block", "references": ["RFC 1"], "examples": ["abb"], "counterexamples": ["a"]}, True),
    ({"id": "A_Rule"}, False),
    ({"id": "a--rule"}, False),
    ({"id": None}, False),
    ({"entity": "an entity"}, False),
    ({"pattern": 7}, False),
    ({"patern": "x"}, False),
    ({"checks": ["lunh"]}, False),
    ({"checks": ["entropy"]}, False),
    ({"checks": [{"luhn": 3}]}, False),
    ({"checks": "luhn"}, False),
    ({"context": {"within": 5}}, False),
    ({"context": {"words": []}}, False),
    ({"context": {"words": ["a"], "within": 101}}, False),
    ({"context": {"words": ["a"], "within": 0}}, False),
    ({"action": "hide"}, False),
    ({"action": {"block": {}}}, False),
    ({"action": {"mask": {"keep_last": 65}}}, False),
    ({"action": {"mask": {"keep": 4}}}, False),
    ({"priority": 1001}, False),
    ({"priority": 1.5}, False),
    ({"examples": [""]}, False),
    ({"references": [1]}, False),
])
def test_schema_and_loader_agree_on_rules(tmp_path, change, accepted):
    rule = {key: value for key, value in {**RULE, **change}.items() if value is not None}
    assert agree(tmp_path, {"rules": [rule]}, PROFILE, "rules") == accepted


@pytest.mark.parametrize("missing", ["id", "entity", "pattern"])
def test_schema_and_loader_agree_on_what_a_rule_needs(tmp_path, missing):
    assert not agree(tmp_path, {"rules": [{key: value for key, value in RULE.items() if key != missing}]}, PROFILE, "rules")


@pytest.mark.parametrize("change, accepted", [
    ({"description": "x", "exclude": ["a-*"], "action": "report"}, True),
    ({"include": []}, False),
    ({"include": "*"}, False),
    ({"include": None}, False),
    ({"name": 1}, False),
    ({"actions": "report"}, False),
])
def test_schema_and_loader_agree_on_profiles(tmp_path, change, accepted):
    profile = {key: value for key, value in {**PROFILE, **change}.items() if value is not None}
    assert agree(tmp_path, {"rules": [RULE]}, profile, "profile") == accepted


@pytest.mark.parametrize("settings, rule, profile, accepted", [
    ({"extends": "../corpus"}, {"id": "a-rule", "extends": "a-rule", "priority": 3}, {"name": "default", "extends": "default"}, True),
    ({"extends": "../corpus", "disable": ["a-rule"]}, {"id": "own", "extends": "a-rule"}, {"name": "own", "include": ["own"]}, True),
    ({"disable": ["a-rule"]}, {"id": "own", "extends": "a-rule"}, {"name": "own", "include": ["own"]}, False),
    ({"extends": 7}, {"id": "own", "extends": "a-rule"}, {"name": "own", "include": ["own"]}, False),
    ({"extends": "../corpus", "disabled": []}, {"id": "own", "extends": "a-rule"}, {"name": "own", "include": ["own"]}, False),
    ({"extends": "../corpus"}, {"id": "own", "extends": ["a-rule"]}, {"name": "own", "include": ["own"]}, False),
    ({"extends": "../corpus"}, {"id": "own", "entity": "OWN"}, {"name": "own", "include": ["own"]}, False),
    ({"extends": "../corpus"}, {"id": "own", "extends": "a-rule"}, {"name": "own"}, False),
])
def test_schema_and_loader_agree_on_what_extends(tmp_path, settings, rule, profile, accepted):
    agree(tmp_path, {"rules": [RULE]}, PROFILE, "rules")
    for name, content in {"corpus.yaml": settings, "pii/a.yaml": {"rules": [rule]}, f"profiles/{profile['name']}.yaml": profile}.items():
        (tmp_path / "own" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / name).write_text(yaml.safe_dump(content))
    meets = all(validator(kind).is_valid(content) for kind, content in [("corpus", settings), ("rules", {"rules": [rule]}), ("profile", profile)])
    sluice("mask", "--corpus", str(tmp_path / "own"), data="x", status=0 if accepted else 2)
    assert meets == accepted


def agree(folder, rules, profile, kind):
    """Writes a corpus, asks both, and gives what they agree on."""
    (folder / "corpus/profiles").mkdir(parents=True)
    (folder / "corpus/pii").mkdir()
    (folder / "corpus/pii/a.yaml").write_text(yaml.safe_dump(rules))
    (folder / "corpus/profiles/default.yaml").write_text(yaml.safe_dump(profile))
    meets = validator(kind).is_valid(rules if kind == "rules" else profile)
    sluice("mask", "--corpus", str(folder / "corpus"), data="x", status=0 if meets else 2)
    return meets
