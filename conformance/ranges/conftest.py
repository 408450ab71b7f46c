"""The fixtures of the tests of ranges and conditions."""

from validators import validators as validators
