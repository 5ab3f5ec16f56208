"""The search for the numbers that a network was trained on: candidates that its weights leave open are tried."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from ...errors import ModelOutputError, OtherKindError
from ..pixels.decode import decode
from ..pixels.layout import from_array, to_maps
from ..recipes.recipe import Recipe
from ..runtime.loaded import LoadedModel
from .candidates import Candidate
from .outputs import Meaning, Sample, read_meaning
from .samples import MOST_PICTURES, Trial, fitted, read_by, run_sample, with_notes
from .trial import NO_ANSWER, darken, score

MOST_RUNS = {1: 12, 2: 18, 3: 25}
"""Of the model, by the number of pictures."""
NEAR = 2.5  # of the best candidate's log likelihood: those below are not tried
WEIGHT = 0.3  # of the likelihood beside the mean score
LEAD = 0.5  # of the best total over the next, from which on no further picture is asked
BGR_GAIN, BGR_GAIN_OF_FEW = 0.1, 0.3
"""By how much the score must rise for BGR, for MOST_PICTURES pictures and for fewer."""
PATIENCE = 60.0  # seconds: if all runs would take longer, fewer candidates are tried
LIKELY = -1.0  # what right answers score at least: -0.2 to -0.6 were seen, with five networks and two photos
SURE = 0.5  # what a map reaches in which the model sees a subject
RUNS_EACH = 3  # the picture, its mirror image and the darker one


@dataclass(frozen=True)
class Searched:
    """The recipe that won, and in words what was tried. lead: of its total over the next one's. blind: with it, the
    model sees nothing in these pictures, nor anything to speak of with other numbers."""

    recipe: Recipe
    words: str
    lead: float = 0.0
    blind: bool = False


@dataclass
class Search:
    """One search. base: size and fit. trial: with pictures, of which MOST_PICTURES are used. runs: made before."""

    model: LoadedModel
    base: Recipe
    trial: Trial
    runs: int = 0
    _seconds: float = 0.0
    _scores: dict[tuple[Candidate, bool, int], float] = field(default_factory=dict)
    _samples: dict[tuple[Candidate, bool], list[Sample]] = field(default_factory=dict)

    @property
    def pictures(self) -> Sequence[Tensor]:
        return self.trial.pictures[:MOST_PICTURES]

    @property
    def most_runs(self) -> int:
        return MOST_RUNS[len(self.pictures)]

    def run(self, likelihood: dict[Candidate, float]) -> Searched:
        """Try the likeliest, then the winner in BGR. Raises what `read_meaning` raises if none gives a mask."""
        best = max(likelihood.values())
        near = sorted(
            (each for each in likelihood if likelihood[each] >= best - NEAR), key=lambda each: -likelihood[each]
        )
        totals = self._try_all(near, likelihood) if len(near) > 1 else {near[0]: 0.0}
        winner = max(totals, key=lambda each: totals[each])
        bgr = self._prefers_bgr(winner)
        blind = self._sees_nothing(winner, bgr)
        if blind:
            near = sorted(likelihood, key=lambda each: -likelihood[each])
            others = self._try_others([each for each in near if each not in totals], likelihood)
            if others:
                winner, bgr, blind, totals = max(others, key=lambda each: others[each]), False, False, others
        lead = min((totals[winner] - totals[each] for each in totals if each != winner), default=0.0)
        meaning = self._meaning(winner, bgr)
        order = f"{winner.name}, BGR" if bgr else winner.name
        words = with_notes(f"{order}, {self._tried(near, lead)}", meaning)
        return Searched(read_by(self._recipe(winner, bgr), meaning), words, lead, blind)

    def _recipe(self, candidate: Candidate, bgr: bool) -> Recipe:
        return replace(candidate.recipe(self.base), channels="bgr" if bgr else "rgb")

    def _sees_nothing(self, candidate: Candidate, bgr: bool = False) -> bool:
        """Whether no picture's answer reaches the half anywhere."""
        try:
            recipe = read_by(self._recipe(candidate, bgr), self._meaning(candidate, bgr))
            answers = [self.answer(recipe, sample) for sample in self._samples[candidate, bgr]]
        except ModelOutputError as error:
            if isinstance(error, OtherKindError):
                raise
            return True
        return max(float(answer.max()) for answer in answers) < SURE

    def _try_others(self, ranked: Sequence[Candidate], likelihood: dict[Candidate, float]) -> dict[Candidate, float]:
        """The totals, on the first picture, of those candidates that can still be afforded and see a subject."""
        totals = {}
        for candidate in ranked:
            if not self._can_afford(RUNS_EACH):
                break
            if self._score(candidate, False, 0) >= LIKELY and not self._sees_nothing(candidate):
                totals[candidate] = self._scores[candidate, False, 0] + WEIGHT * likelihood[candidate]
        return totals

    def _try_all(self, near: list[Candidate], likelihood: dict[Candidate, float]) -> dict[Candidate, float]:
        """The total of each; the leaders on a further picture as long as no one leads clearly."""
        totals: dict[Candidate, float] = {}
        for number in range(len(self.pictures)):
            for candidate in near:
                if totals and not self._can_afford(2 * RUNS_EACH):  # of which the winner in BGR takes the last
                    break
                self._score(candidate, False, number)
                scores = [self._scores[candidate, False, each] for each in range(number + 1)]
                totals[candidate] = sum(scores) / len(scores) + WEIGHT * likelihood[candidate]
            best = max(totals.values())
            near = [each for each in near if each in totals and best - totals[each] <= 2 * LEAD]
            if sum(best - totals[each] <= LEAD for each in near) < 2:
                break
        return totals

    def _can_afford(self, runs: int) -> bool:
        """Whether so many runs more stay within the number and the time allowed."""
        seconds = self._seconds / self.runs * (self.runs + runs) if self.runs else 0.0
        return self.runs + runs <= self.most_runs and seconds <= PATIENCE

    def _prefers_bgr(self, winner: Candidate) -> bool:
        measured = (winner, False, 0) in self._scores
        if not self._can_afford(RUNS_EACH if measured else 2 * RUNS_EACH):
            return False
        gain = BGR_GAIN if len(self.pictures) >= MOST_PICTURES else BGR_GAIN_OF_FEW
        return self._score(winner, True, 0) - self._score(winner, False, 0) > gain

    def _tried(self, near: list[Candidate], lead: float) -> str:
        """What was done, in words."""
        tried = {candidate for candidate, bgr, _ in self._scores if not bgr}
        if len(tried) < 2:
            return "by its weights"
        some = f"{len(tried)} of {len(near)}" if len(tried) < len(near) else f"{len(tried)}"
        pictures = len({number for _, _, number in self._scores})
        words = f"best of {some} tried on {pictures} picture{'s' if pictures > 1 else ''}, by {lead:.2f}"
        slow = self._seconds / self.runs * self.most_runs > PATIENCE
        return (
            f"{words}; at {self._seconds / self.runs:.1f} s a run, no more fit into {PATIENCE:.0f} s" if slow else words
        )

    def _score(self, candidate: Candidate, bgr: bool, number: int) -> float:
        key = candidate, bgr, number
        if key not in self._scores:
            recipe = self._recipe(candidate, bgr)
            picture = fitted(self.pictures[number], recipe)
            samples = [self._sample(recipe, each) for each in (picture, picture.flip(1), darken(picture))]
            self._samples.setdefault((candidate, bgr), []).extend(samples[:2])
            self._scores[key] = self._judge(candidate, bgr, recipe, samples)
        return self._scores[key]

    def _judge(self, candidate: Candidate, bgr: bool, recipe: Recipe, samples: Sequence[Sample]) -> float:
        try:
            recipe = read_by(recipe, self._meaning(candidate, bgr))
            answers = [self.answer(recipe, sample) for sample in samples]
        except ModelOutputError as error:
            if isinstance(error, OtherKindError):  # whatever numbers it is fed
                raise
            return NO_ANSWER
        return score(answers[0], answers[1].flip(1), answers[2], samples[0].picture)

    def _meaning(self, candidate: Candidate, bgr: bool) -> Meaning:
        samples = self._samples.get((candidate, bgr))
        if not samples:
            recipe = self._recipe(candidate, bgr)
            sample = self._sample(recipe, fitted(self.pictures[0], recipe))
            samples = self._samples[candidate, bgr] = [sample]
        return read_meaning(self.model.path.name, self.model.facts, samples)

    def _sample(self, recipe: Recipe, picture: Tensor) -> Sample:
        start = time.perf_counter()
        sample = run_sample(self.model, recipe, picture, raise_if_cancelled=self.trial.raise_if_cancelled)
        self._seconds += time.perf_counter() - start
        self.runs += 1
        if self.trial.on_run:
            self.trial.on_run(self.runs, self.most_runs)
        return sample

    def answer(self, recipe: Recipe, sample: Sample) -> Tensor:
        """The subject's probability [h, w], 0..1."""
        name = self.model.path.name
        output = from_array(sample.outputs[self.model.output_name(recipe.output)], name)
        height, width = sample.picture.shape[:2]
        mask, _ = decode(to_maps(output, name, fed=(height, width))[0], recipe, name)
        return mask.float() / 255
