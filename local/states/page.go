package states

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// A cursor is what a token means: the call that it belongs to, and the number of the last entry before it.
type cursor struct {
	Call string
	Last int
}

// page returns the entries of a call after a token, at most limit, and the token of the next page. The last page has no token. number returns
// the number of an entry; the entries are in the order of their numbers, or, if newest is true, in the opposite order.
func page[V any](all []V, number func(V) int, newest bool, call string, token *string, limit int) (entries []V, next *string, err error) {
	if token != nil {
		text, err := base64.StdEncoding.DecodeString(*token)
		after := cursor{}
		if err != nil || json.Unmarshal(text, &after) != nil || after.Call != call {
			message := fmt.Sprintf("Invalid Token: '%s'", *token)
			return nil, nil, &types.InvalidToken{Message: &message}
		}
		first := slices.IndexFunc(all, func(entry V) bool {
			n := number(entry)
			return n != after.Last && n < after.Last == newest
		})
		if first < 0 {
			first = len(all)
		}
		all = all[first:]
	}
	if len(all) <= limit {
		return all, nil, nil
	}
	text, err := json.Marshal(cursor{call, number(all[limit-1])})
	return all[:limit], aws.String(base64.StdEncoding.EncodeToString(text)), err
}
