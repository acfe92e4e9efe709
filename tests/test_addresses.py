"""No user and no password of an address is printed or recorded."""

from hypothesis import given
from hypothesis import strategies as st

from captchanet.addresses import masked

SECRETS = st.text(st.characters(exclude_categories=("Z", "C")), min_size=12)


@given(SECRETS, st.sampled_from(["http", "https", "postgresql", "mysql+pymysql"]))
def test_a_password_is_masked_whatever_signs_it_has(secret, scheme):
    told = masked(f"track={{tracking_uri: {scheme}://alice:{secret}@example.org:5000/a}} and more")
    assert told == f"track={{tracking_uri: {scheme}://***@example.org:5000/a}} and more"


def test_each_address_of_a_text_is_masked_and_other_text_stays():
    text = "http://a:b@one sqlite:////home/x.db me@example.org https://token@two http://three/4"
    assert masked(text) == "http://***@one sqlite:////home/x.db me@example.org https://***@two http://three/4"
