# SPDX-License-Identifier: MIT
#
# What a fresh Debian 12 with git, gcc and make lacks. mk/deps says in a
# fraction of a second that nothing is missing, or installs and fetches it.
# deps-demo leaves out what only the tests need, a browser.

.PHONY: deps deps-demo
deps:
	$(Q)CACHE='$(CACHE)' mk/deps check

deps-demo:
	$(Q)CACHE='$(CACHE)' mk/deps
