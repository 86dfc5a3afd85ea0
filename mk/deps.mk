# SPDX-License-Identifier: MIT
#
# What a fresh Debian 12 with git, gcc and make lacks. mk/deps says in a
# fraction of a second that nothing is missing, or installs and fetches it.

.PHONY: deps
deps:
	$(Q)CACHE='$(CACHE)' mk/deps
