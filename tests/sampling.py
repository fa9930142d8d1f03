"""What ``make test`` leaves to ``make test-all``: most cases of large matrices, and long journeys.

A matrix asks the same of every page, endpoint, fault or version; each n-th case of it is run. A
journey that is left out altogether is one whose parts other tests look at. Where tests are named on
the command line, all of them are run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

SHARES: Final[dict[str, int | dict[str, int]]] = {
    "tests/browser/test_collecting.py": {
        "test_what_was_sent_is_kept_in_the_file": 0,
    },
    "tests/browser/test_deployed.py": {
        "test_it_is_ready_before_anybody_came": 0,
    },
    "tests/browser/test_every_page.py": 5,
    "tests/browser/test_faults.py": {
        "test_a_dashboard_that_found_no_server_finds_it_when_it_is_there": 0,
        "test_a_dialog_stays_open_while_newer_figures_come": 0,
        "test_what_a_page_that_was_left_had_not_asked_is_not_asked": 0,
    },
    "tests/browser/test_gate.py": 9,
    "tests/browser/test_journey.py": {
        "test_a_start_of_ones_own": 0,
        "test_what_is_folded_cannot_be_looked_through": 0,
    },
    "tests/browser/test_overview.py": {
        "test_a_filter_is_added_by_hand_and_back_undoes_it": 0,
        "test_a_link_to_a_foreign_website_opens_ones_own": 0,
        "test_a_preset_is_chosen_from_the_bar": 0,
        "test_another_period_other_figures_and_a_reload_keeps_them": 0,
        "test_filters_are_joined_by_any": 0,
    },
    "tests/browser/test_pages.py": {
        "test_a_list_is_searched_and_paged_by_the_server": 0,
        "test_a_report_opens_with_its_own_dates": 0,
        "test_an_event_leads_to_who_did_it_and_a_property_to_its_values": 0,
        "test_back_finds_a_list_as_it_was_left": 0,
        "test_realtime_shows_what_happens_without_a_flicker": 0,
        "test_what_is_chosen_stays_while_other_pages_are_looked_at": 0,
    },
    "tests/browser/test_provider.py": {
        "test_an_account_comes_in_with_its_rights_and_goes_out_for_good": 0,
    },
    "tests/browser/test_signin.py": {
        "test_a_deep_link_signed_out_shows_the_way_in_and_leads_on": 2,
        "test_a_host_that_passes_no_cookie_on_keeps_people_in_all_the_same": 0,
        "test_a_link_ends_by_itself": 0,
        "test_a_link_is_made_opens_and_is_withdrawn": 0,
    },
    "tests/browser/test_websites.py": {
        "test_open_leads_to_the_websites_figures": 0,
        "test_the_way_back_from_one_website": 0,
    },
    "tests/contract/test_any_answer.py": 8,
    "tests/contract/test_generation_blindness.py": {
        "test_no_page_can_tell": 8,
    },
    "tests/embedded/test_arithmetic.py": 6,
    "tests/embedded/test_importing.py": {
        "test_any_file_is_imported_or_refused": 0,
    },
    "tests/embedded/test_keeping.py": {
        "test_a_place_that_is_full": 0,
        "test_the_command_says_what_it_does": 0,
    },
    "tests/embedded/test_refusals.py": {
        "test_anything_gets_an_answer_or_reasons": 8,
    },
    "tests/pages/test_asked.py": 5,
    "tests/pages/test_fault_matrix.py": 12,
    "tests/pages/test_faults.py": 6,
    "tests/pages/test_stale.py": 8,
    "tests/test_wheel.py": 0,
    "tests/umami/test_fault_matrix.py": 6,
    "tests/umami/test_generations.py": 12,
    "tests/umami/test_transport.py": {
        "test_three_attempts_are_enough": 4,
    },
    "tests/umami/test_writes.py": 4,
}
"""Of a file, or of tests of it, that each n-th case is run; none where it is 0."""


def sample(ids: Iterable[str]) -> list[bool]:
    """Whether each of these tests is run, of which the first case of a matrix is."""
    seen: Counter[str] = Counter()
    found = []
    for one in ids:
        test = one.partition("[")[0]
        file, _, name = test.partition("::")
        shares = SHARES.get(file, 1)
        share = shares if isinstance(shares, int) else shares.get(name, 1)
        found.append(bool(share) and seen[test] % share == 0)
        seen[test] += 1
    return found
