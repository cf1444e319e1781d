package main

import (
	"context"
	"flag"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nestjs-backchannel/interop/pb"
)

// member is one client of the crowd.
type member struct {
	*client
	name  string
	plain bool
}

// crowd has many multiplexed and many plain clients at work on one port at the
// same time. Each multiplexed one must be called back itself, and no plain one.
func crowd(ctx context.Context, options dialOptions, args []string) (result, error) {
	flags := flag.NewFlagSet("crowd", flag.ContinueOnError)
	multiplexed := flags.Int("mux", 25, "multiplexed clients")
	plain := flags.Int("plain", 25, "plain clients")
	calls := flags.Int("calls", 2, "concurrent IdentifyPeer calls per client")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}

	members, err := gather(options, *multiplexed, *plain)
	if err != nil {
		return nil, err
	}
	// Everyone is connected before anyone goes on, and stays until all are done.
	phases := []func(*member) error{
		func(m *member) error { return m.arrive(ctx) },
		func(m *member) error { return inParallel(*calls, func(int) error { return m.identify(ctx) }) },
		func(m *member) error { return m.mutate(ctx) },
		func(m *member) error { return m.close() },
	}
	for _, phase := range phases {
		err := inParallel(len(members), func(i int) error {
			if err := phase(members[i]); err != nil {
				return fmt.Errorf("%s: %w", members[i].name, err)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return result{
		"multiplexed": *multiplexed,
		"plain":       *plain,
		"identified":  *multiplexed * *calls,
		"refused":     *plain * *calls,
		"votes":       *multiplexed,
	}, nil
}

func gather(options dialOptions, multiplexed, plain int) ([]*member, error) {
	var members []*member
	for i := range multiplexed + plain {
		m := &member{name: fmt.Sprintf("multiplexed %d", i)}
		if i >= multiplexed {
			m = &member{name: fmt.Sprintf("plain %d", i-multiplexed), plain: true}
		}
		own := options
		own.name, own.plain = m.name, m.plain
		var err error
		if m.client, err = connect(own); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

func (m *member) arrive(ctx context.Context) error {
	_, err := m.payload.Identify(ctx, &pb.Empty{})
	return err
}

func (m *member) identify(ctx context.Context) error {
	got, err := m.payload.IdentifyPeer(ctx, &pb.Empty{})
	if m.plain {
		if status.Code(err) != codes.FailedPrecondition {
			return fmt.Errorf("IdentifyPeer: got %v, want FAILED_PRECONDITION", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if got.GetName() != m.name {
		return fmt.Errorf("IdentifyPeer: reply of %q", got.GetName())
	}
	return nil
}

func (m *member) mutate(ctx context.Context) error {
	if _, err := m.gitaly.Mutator(ctx, &pb.MutatorRequest{}); err != nil {
		return err
	}
	want := int64(1)
	if m.plain {
		want = 0
	}
	if got := m.votes.votes.Load(); got != want {
		return fmt.Errorf("Mutator: was asked for %d votes, want %d", got, want)
	}
	return nil
}
