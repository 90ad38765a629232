package policy

import rego.v1

default allow := false

allow if {
	data.plugin == "resource"
	some submod in input.submods
	is_good(submod["ear.status"])
	time.parse_rfc3339_ns(data.now) == data.now_ns
	sprintf("%s-%05d", [concat("/", data["resource-path"]), count(numbers.range(1, 3))]) != ""
	not regex.match("^b+$", "aaa")
}

is_good(status) if status == "affirming"

is_good(status) if {
	status in {"warning"} | {"none"}
	data.query.really == "yes"
}
