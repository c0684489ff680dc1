# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases; a module for each subject."""
