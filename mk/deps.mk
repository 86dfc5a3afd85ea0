# SPDX-License-Identifier: MIT
#
# What a fresh Debian 12 with git, gcc and make lacks. mk/deps says in a
# fraction of a second that nothing is missing, or installs and fetches it.
# Only the tests need a browser: for the live page.

.PHONY: deps deps-check
deps:
	$(Q)CACHE='$(CACHE)' mk/deps

deps-check:
	$(Q)CACHE='$(CACHE)' mk/deps chromium chromium-driver
