"""Candidate elements: peaks with an activity, as a source of contacts."""

from ._candidate_elements import CandidateElements
