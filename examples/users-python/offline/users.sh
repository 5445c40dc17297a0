#!/bin/sh
# The whole stack without AWS, without sleeping: dynlog with a clock that stands still until it is moved.
#
#   offline/users.sh        DYNLOG=path/of/dynlog, else the one on the PATH; needs curl and the AWS CLI
set -eu
cd "$(dirname "$0")/.."
dynlog=${DYNLOG:-dynlog}
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_DEFAULT_REGION=us-east-1

work=$(mktemp -d)
mkfifo "$work/out"
"$dynlog" start --memory --clock manual --quiet --port 0 --events-port 0 --lambda-port 0 >"$work/out" &
server=$!
trap 'kill -INT $server; wait $server; rm -r "$work"' EXIT
exec 3<"$work/out"
while read -r word port _ <&3; do
  [ "$word" != ports ] || break
done
endpoint=http://127.0.0.1:$port

append() { "$dynlog" append users "$@" --endpoint "$endpoint" >/dev/null; }

version() { # of a user's row; None: there is no row
  aws dynamodb get-item --endpoint-url "$endpoint" --table-name local-core \
    --key "{\"pk\":{\"S\":\"users#$1\"},\"sk\":{\"S\":\"users#$1\"}}" --query Item.version.N --output text
}

expect() { # what, wanted, found
  if [ "$2" != "$3" ]; then
    echo "not ok - $1: wanted $2, found $3"
    exit 1
  fi
  echo "ok - $1"
}

append 1 signup '{"id":"1","name":"Ada","email":"ada@example.com"}'
"$dynlog" drain --endpoint "$endpoint" >/dev/null
expect "an event becomes a row" 1 "$(version 1)"

curl -fsS "$endpoint/_dynlog/faults" -o /dev/null \
  -d '{"Throttle":[{"TableName":"local-core","Operation":"UpdateItem","Probability":1}]}'
append 2 signup '{"id":"2","name":"Bob","email":"bob@example.com"}'
"$dynlog" drain --endpoint "$endpoint" >/dev/null
expect "a busy table: no row yet" None "$(version 2)"
curl -fsS -X DELETE "$endpoint/_dynlog/faults" -o /dev/null
"$dynlog" clock --advance 1m --endpoint "$endpoint" >/dev/null
expect "the handler was tried again a minute later" 1 "$(version 2)"
