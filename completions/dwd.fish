# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion of dwd's command lines in fish. What a word could become dwd itself says, in the form
# that fish wants: candidate, tab, description.

function __dwd_candidates
    set -l before (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --cut-at-cursor --current-token | string unescape)
    $before[1] complete-words (math (count $before) - 1) -- $before[2..] "$current" 2>/dev/null
end

complete --command dwd --no-files --keep-order --arguments '(__dwd_candidates)'
