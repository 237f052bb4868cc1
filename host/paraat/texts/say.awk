# The words of make, from the same catalogues, where there may be no Python yet. Texts stand on one line each there.
#   awk -v text="English sentence" -f say.awk nl.po     says that sentence
#   awk -f say.awk nl.po Makefile                       says what the Makefile's targets do: `make help`

function unquoted(line) {
    sub(/^[^"]*"/, "", line)
    sub(/"$/, "", line)
    gsub(/\\"/, "\"", line)
    return line
}

function said(english) { return texts[english] == "" ? english : texts[english] }

FILENAME ~ /\.po$/ && /^msgctxt / { keyed = 1 }
FILENAME ~ /\.po$/ && /^msgid / { id = unquoted($0) }
FILENAME ~ /\.po$/ && /^msgstr / { if (!keyed) texts[id] = unquoted($0); keyed = 0 }

FILENAME !~ /\.po$/ && /^#: / { print ""; print said(substr($0, 4)) }
FILENAME !~ /\.po$/ && /^[a-z-]+:.*## / {
    does = $0
    sub(/^[^#]*## /, "", does)
    printf "%-13s %s\n", substr($0, 1, index($0, ":") - 1), said(does)
}

END { if (text != "") print said(text) }
