// Uses the client of ogen as a program of a customer would.
package main

import (
	"context"
	"fmt"
	"os"

	"example.com/check/client"
)

// The service is open: no key is needed.
type noKey struct{}

func (noKey) ApiKey(context.Context, client.OperationName) (client.ApiKey, error) {
	return client.ApiKey{}, nil
}

func main() {
	api, err := client.NewClient(os.Getenv("BASE_URL"), noKey{})
	check(err)
	ctx := context.Background()
	coupon := client.CouponName(os.Getenv("COUPON"))

	created, err := api.CreateCoupon(ctx, &client.NewCoupon{Name: coupon, Amount: 5})
	check(err)
	is[*client.CreateCouponCreated]("create", created)

	claim := func(user client.UserId) client.ClaimCouponRes {
		claimed, err := api.ClaimCoupon(ctx, &client.NewClaim{CouponName: coupon, UserID: user}, client.ClaimCouponParams{})
		check(err)
		return claimed
	}
	for _, user := range []client.UserId{"ada", "grace", "alan"} {
		is[*client.ClaimCouponOK]("claim", claim(user))
	}
	again := is[*client.ClaimConflictHeaders]("claim again", claim("ada"))
	expect("claim again", again.Response.Code, "already_claimed")

	missing, err := api.GetClaim(ctx, client.GetClaimParams{Name: coupon, UserID: "nobody"})
	check(err)
	notFound := is[*client.ClaimNotFoundHeaders]("look up", missing)
	expect("look up", string(notFound.Response.Code), os.Getenv("MISSING_CODE"))

	users := []client.UserId{}
	for params := (client.ListClaimsParams{Name: coupon, Limit: client.NewOptInt32(2)}); ; {
		answer, err := api.ListClaims(ctx, params)
		check(err)
		page := is[*client.ClaimPageHeaders]("pages", answer).Response
		for _, item := range page.Items {
			users = append(users, item.UserID)
		}
		next, isSet := page.NextCursor.Get()
		if !isSet {
			break
		}
		params.Cursor = client.NewOptString(string(next))
	}
	expect("pages", fmt.Sprint(users), "[ada grace alan]")

	claims := 0
	for params := (client.ListEventsParams{}); ; {
		answer, err := api.ListEvents(ctx, params)
		check(err)
		page := is[*client.EventPageHeaders]("events", answer).Response
		if len(page.Items) == 0 {
			break
		}
		for _, event := range page.Items {
			if event.Subject == string(coupon) && event.Data.UserID.IsSet() {
				claims++
			}
		}
		params.After = client.NewOptEventCursor(page.NextCursor)
	}
	expect("events", claims, 3)
}

// is returns an answer as the type that it must have.
func is[T any](what string, answer any) T {
	typed, ok := answer.(T)
	if !ok {
		check(fmt.Errorf("%s: an answer of the type %T", what, answer))
	}
	return typed
}

func expect[T comparable](what string, found, wanted T) {
	if found != wanted {
		check(fmt.Errorf("%s: %v instead of %v", what, found, wanted))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
