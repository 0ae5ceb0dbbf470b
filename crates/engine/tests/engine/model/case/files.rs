//! A case's accounts and people as import files.

use super::*;

impl Case {
    /// Every account in a file of its own, so that each may get a shard of its own.
    pub fn account_files(&self) -> Vec<String> {
        let row = |(n, account): (usize, &Account)| {
            let zone = account.zone.map_or("", |zone| ZONES[zone].0);
            let employees = account.employees.map_or(String::new(), |n| n.to_string());
            let industry = account.industry.unwrap_or_default();
            format!(
                "key,name,employees,industry,time_zone\n{},Account {n},{employees},{industry},{zone}\n",
                account_key(n)
            )
        };
        self.accounts.iter().enumerate().map(row).collect()
    }

    pub fn people_file(&self) -> String {
        let mut file = "key,email,job_title,department,test_profile,account_key\n".to_owned();
        for (n, person) in self.people.iter().enumerate() {
            let key = person_key(n);
            for account in &person.accounts {
                let department = person.department.unwrap_or_default();
                file += &format!(
                    "{key},{key}@mail.example,{},{department},{},{}\n",
                    person.title,
                    person.test_profile,
                    account_key(*account)
                );
            }
        }
        file
    }
}
