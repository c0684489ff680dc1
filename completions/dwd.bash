# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completion of dwd's command lines in bash. What a word could become dwd itself says; here the
# words are put together as dwd would see them, and the candidates as bash wants them. Does without
# the package bash-completion.

# The word as the command would get it: quotes and backslashes taken off, into $REPLY.
_dwd_unquote()
{
	local rest=$1 quote='' c
	REPLY=''
	while [ -n "$rest" ]; do
		c=${rest:0:1}
		rest=${rest:1}
		if [ -z "$quote" ] && [[ $c == [\'\"] ]]; then
			quote=$c
		elif [ "$c" = "$quote" ]; then
			quote=''
		elif [ "$c" = \\ ] && [ "$quote" != \' ]; then
			REPLY+=${rest:0:1}
			rest=${rest:1}
		else
			REPLY+=$c
		fi
	done
}

# The words up to the cursor, into _dwd_words. bash breaks at = and : as well as at spaces; what no
# space separates is one word. How much of the last word lies before bash's own last word: REPLY.
_dwd_split()
{
	local line=${COMP_LINE:0:COMP_POINT} i word front=''
	_dwd_words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((i > 0)) && [[ $line != [[:space:]]* ]]; then
			front=${_dwd_words[-1]}
			_dwd_words[-1]+=$word
		else
			front=''
			_dwd_words+=("$word")
		fi
		line=${line#"${line%%[![:space:]]*}"}
		((i < COMP_CWORD)) || word=$line # no further than the cursor
		line=${line#"$word"}
	done
	_dwd_words[-1]=$front$word
	REPLY=$front
}

# What is to be typed for a candidate. Within quotes readline sees to it; ~ is to stay special.
_dwd_quote()
{
	case $2 in
	[\'\"]*) REPLY=$1 ;;
	*)
		printf -v REPLY %q "${1#\~/}"
		[[ $1 != \~/* ]] || REPLY=\~/$REPLY
		;;
	esac
}

_dwd()
{
	local _dwd_words front current text note i notes=() width=0 IFS=$'\n'
	_dwd_split
	current=${_dwd_words[-1]#"$REPLY"}
	_dwd_unquote "$REPLY"
	front=$REPLY
	for i in "${!_dwd_words[@]}"; do
		_dwd_unquote "${_dwd_words[i]}"
		_dwd_words[i]=$REPLY
	done

	COMPREPLY=()
	while IFS=$'\t' read -r text note; do
		_dwd_quote "${text#"$front"}" "$current"
		COMPREPLY+=("$REPLY")
		notes+=("$note")
		((${#REPLY} > width)) && width=${#REPLY}
	done < <("${COMP_WORDS[0]}" complete-words $((${#_dwd_words[@]} - 2)) -- \
		"${_dwd_words[@]:1}" 2>/dev/null)

	if ((${#COMPREPLY[@]} == 1)); then
		[[ ${COMPREPLY[0]} != *[/=] ]] || compopt -o nospace
	elif ((COMP_TYPE == 63)); then # they are only to be listed: with what they are
		for i in "${!COMPREPLY[@]}"; do
			[ -z "${notes[i]}" ] ||
				printf -v "COMPREPLY[i]" '%-*s  (%s)' "$width" "${COMPREPLY[i]}" "${notes[i]}"
		done
	fi
}

complete -o nosort -F _dwd dwd
