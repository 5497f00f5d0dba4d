"""The list of permissions in the documents is that of the code."""

from pathlib import Path

from local.documents.permissions import document


def test_the_list_of_permissions_is_that_of_the_code(root: Path) -> None:
    assert (root / "docs" / "permissions.md").read_text() == document(), "run make permissions"
