import client.ApiException;
import client.api.ClaimsApi;
import client.api.CouponsApi;
import client.api.EventsApi;
import client.model.ClaimPage;
import client.model.EventPage;
import client.model.NewClaim;
import client.model.NewCoupon;
import client.model.Problem;
import java.util.ArrayList;
import java.util.List;

/** Uses the client of openapi-generator as a program of a customer would. Library is what differs. */
public class Check {
  interface Call {
    void run() throws ApiException;
  }

  public static void main(String[] args) throws Exception {
    var api = Library.client(System.getenv("BASE_URL"));
    var coupons = new CouponsApi(api);
    var claims = new ClaimsApi(api);
    var events = new EventsApi(api);
    var coupon = System.getenv("COUPON");

    coupons.createCoupon(new NewCoupon().name(coupon).amount(5));
    for (var user : List.of("ada", "grace", "alan")) {
      claims.claimCoupon(new NewClaim().userId(user).couponName(coupon), null);
    }
    var again = problemOf(() -> claims.claimCoupon(new NewClaim().userId("ada").couponName(coupon), null));
    expect("claim again", again.getCode(), "already_claimed");
    var missing = problemOf(() -> claims.getClaim(coupon, "nobody"));
    expect("look up", missing.getCode(), System.getenv("MISSING_CODE"));

    var users = new ArrayList<String>();
    String cursor = null;
    do {
      ClaimPage page = claims.listClaims(coupon, 2, cursor);
      for (var item : page.getItems()) users.add(item.getUserId());
      cursor = page.getNextCursor();
    } while (cursor != null);
    expect("pages", users, List.of("ada", "grace", "alan"));

    int made = 0;
    String after = null;
    for (;;) {
      EventPage page = events.listEvents(after, null, null, null);
      if (page.getItems().isEmpty()) break;
      for (var event : page.getItems()) {
        if (event.getSubject().equals(coupon) && event.getData().getUserId() != null) made++;
      }
      after = page.getNextCursor();
    }
    expect("events", made, 3);
    // Threads of the HTTP client would keep the process.
    System.exit(0);
  }

  /** The problem of a call that the service refuses. */
  static Problem problemOf(Call call) throws Exception {
    try {
      call.run();
    } catch (ApiException refusal) {
      return Library.problem(refusal.getResponseBody());
    }
    throw new IllegalStateException("the call was not refused");
  }

  static void expect(String what, Object found, Object wanted) {
    if (found.equals(wanted)) return;
    System.err.println(what + ": " + found + " instead of " + wanted);
    System.exit(1);
  }
}
