// Uses the client of oapi-codegen as a program of a customer would.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"example.com/check/client"
)

func main() {
	api, err := client.NewClientWithResponses(os.Getenv("BASE_URL"))
	check(err)
	ctx := context.Background()
	coupon := os.Getenv("COUPON")

	created, err := api.CreateCouponWithResponse(ctx, client.NewCoupon{Name: coupon, Amount: 5})
	check(err)
	expect("create", created.StatusCode(), http.StatusCreated)

	claim := func(user string) *client.ClaimCouponResponse {
		claimed, err := api.ClaimCouponWithResponse(ctx, nil, client.NewClaim{CouponName: coupon, UserId: user})
		check(err)
		return claimed
	}
	for _, user := range []string{"ada", "grace", "alan"} {
		expect("claim", claim(user).StatusCode(), http.StatusOK)
	}
	expect("claim again", claim("ada").ApplicationproblemJSON409.Code, "already_claimed")

	missing, err := api.GetClaimWithResponse(ctx, coupon, "nobody")
	check(err)
	expect("look up", missing.ApplicationproblemJSON404.Code, os.Getenv("MISSING_CODE"))

	users := []string{}
	limit := int32(2)
	for params := (client.ListClaimsParams{Limit: &limit}); ; {
		page, err := api.ListClaimsWithResponse(ctx, coupon, &params)
		check(err)
		for _, item := range page.JSON200.Items {
			users = append(users, item.UserId)
		}
		if page.JSON200.NextCursor == nil {
			break
		}
		params.Cursor = page.JSON200.NextCursor
	}
	expect("pages", fmt.Sprint(users), "[ada grace alan]")

	claims := 0
	for params := (client.ListEventsParams{}); ; {
		page, err := api.ListEventsWithResponse(ctx, &params)
		check(err)
		if len(page.JSON200.Items) == 0 {
			break
		}
		for _, event := range page.JSON200.Items {
			if event.Subject == coupon && event.Data.UserId != nil {
				claims++
			}
		}
		params.After = &page.JSON200.NextCursor
	}
	expect("events", claims, 3)
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
