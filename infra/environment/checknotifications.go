package environment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dynamodb-to-s3/lambda/document"
	"dynamodb-to-s3/lambda/lazyregexp"
	"dynamodb-to-s3/lambda/request"
)

var (
	topicPattern = lazyregexp.New(`^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[a-zA-Z0-9_-]{1,256}$`)
	emailPattern = lazyregexp.New(`^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$`)
)

// maxEmails leaves room for everything else in a template of CloudFormation, which has 500 resources at most.
const maxEmails = 100

func (c checker) checkNotifications() {
	n := c.e.Notifications
	c.match("notifications.topic", n.Topic, topicPattern,
		"a standard topic's ARN such as arn:aws:sns:eu-west-1:123456789012:data-team; alarms cannot use a FIFO topic")
	create := n.CreateTopic || !c.Understood("notifications.createTopic")
	switch {
	case c.Given("notifications.topic") && n.CreateTopic:
		c.AddGiven("notifications.createTopic", "contradicts notifications.topic: give a topic that exists, or let the stack create one")
	case n.OnlyFailures && !create && !c.Given("notifications.topic"):
		c.Add("notifications.onlyFailures", "", "there is no topic to notify: give notifications.topic, or set notifications.createTopic to true")
	}
	if c.Given("notifications.emails") && !create {
		c.AddGiven("notifications.emails", "only a topic that the stack creates has subscriptions: set notifications.createTopic to true, or leave them out")
	}
	if got := len(n.Emails); got > maxEmails {
		c.Add("notifications.emails", fmt.Sprintf("%d addresses", got), "at most %d: each is a resource of the template. Give the address of a mailing list, or subscribe to a topic of your own", maxEmails)
	}
	for i, email := range n.Emails {
		c.match(document.Element("notifications.emails", i), email, emailPattern, "an address such as data-team@example.com")
	}
	c.once("notifications.emails", n.Emails)
}

// checkAlarms wants the name of one table for each alarm: the alarm is on that table's metric.
func (c checker) checkAlarms() {
	for _, table := range slices.Sorted(maps.Keys(c.e.Alarms.StaleHours)) {
		path := document.Join("alarms.staleHours", table)
		c.within(path, c.e.Alarms.StaleHours[table], 1, 168)
		switch {
		case strings.ContainsAny(table, "*:"):
			c.Add(path, "", "want the name of one table: not a pattern with *, and not an ARN")
		case c.Understood("tables") && !slices.ContainsFunc(c.e.Tables, func(pattern string) bool { return fits(tableOf(pattern), table) }):
			c.Add(path, "", "is not in tables (%s)", shown(c.e.Tables))
		}
	}
	c.hold("alarms.throttles", c.e.Alarms.Throttles, request.Rule{Min: 1})
}
