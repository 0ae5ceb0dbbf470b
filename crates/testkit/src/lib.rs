#![doc = "Caravan testkit."]
